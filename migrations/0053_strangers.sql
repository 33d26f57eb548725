-- Whoever may write in a whole partnership is held to it by row security, which does
-- not know its hospitals: the database keeps records at a hospital of another
-- partnership out by itself, below the services.

-- +goose Up
-- +goose StatementBegin
-- hospital_stranger asks for a hospital that is, was or will be a member: a hospital
-- that has left still brings its late papers.
create function hospital_stranger() returns trigger language plpgsql as $$
declare
  v_hospital uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
begin
  if current_user = 'shanhai_app' and v_hospital is not null
    and not exists (select 1 from partnership_member m where m.partnership_id = new.partnership_id and m.organisation_id = v_hospital) then
    raise exception '% at a hospital of no part in the partnership', tg_table_name using errcode = '23514', constraint = 'hospital_stranger';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger hospital_stranger before insert or update of hospital_id on registration for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on screening for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of home_hospital_id on casefile for each row execute function hospital_stranger('home_hospital_id');
create trigger hospital_stranger before insert or update of to_hospital_id on referral for each row execute function hospital_stranger('to_hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on treatment for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on device_stock for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on visit for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of organisation_id on posting for each row execute function hospital_stranger('organisation_id');
create trigger hospital_stranger before insert or update of hospital_id on privilege for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on teaching for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on hospital_account for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger before insert or update of hospital_id on death_report for each row execute function hospital_stranger('hospital_id');
create trigger hospital_stranger_second before insert or update of second_hospital_id on casefile for each row execute function hospital_stranger('second_hospital_id');
