-- A mark of a new record costs its row and nothing more: who its person is for the
-- cells is asked by whoever folds or reads. A record that changes or goes keeps the
-- name it had, because a reader may no longer see the person.

-- +goose Up
-- +goose StatementBegin
create or replace function summary_of_record() returns trigger language plpgsql as $$
declare
  v_root uuid;
begin
  if tg_op = 'INSERT' then
    insert into summary_mark (partnership_id, person_id, tx, root_id) values (new.partnership_id, new.person_id, txid_current(), new.person_id) on conflict do nothing;
    return null;
  end if;
  select q.root_id into v_root from person q where q.partnership_id = old.partnership_id and q.id = old.person_id;
  insert into summary_mark (partnership_id, person_id, tx, root_id) values (old.partnership_id, old.person_id, txid_current(), coalesce(v_root, old.person_id))
    on conflict do nothing;
  if tg_op = 'UPDATE' and old.person_id <> new.person_id then
    select q.root_id into v_root from person q where q.partnership_id = new.partnership_id and q.id = new.person_id;
    insert into summary_mark (partnership_id, person_id, tx, root_id) values (new.partnership_id, new.person_id, txid_current(), coalesce(v_root, new.person_id))
      on conflict do nothing;
  end if;
  return null;
end $$;
-- +goose StatementEnd
