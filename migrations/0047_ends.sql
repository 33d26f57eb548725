-- What happens at the end of things: a stay of a doctor that began earlier than
-- was written down.

-- +goose Up
-- From when the posting was said to begin before, and why it was made to begin
-- earlier afterwards.
alter table posting add column backdated_from date;
alter table posting add column backdated_reason text not null default '';
alter table posting add constraint posting_backdated check (backdated_from is null or (backdated_from > from_on and backdated_reason <> ''));
grant update (backdated_from, backdated_reason) on posting to shanhai_app;
