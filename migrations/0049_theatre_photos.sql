-- Photos of labels and consents that were taken in a theatre without a network:
-- which operation they were taken at.

-- +goose Up

-- The operation a photo came with from a browser; null for what was brought to
-- the record itself. Which record holds it, owner_kind and owner_id say.
alter table attachment add column procedure_id uuid;
alter table attachment add foreign key (partnership_id, procedure_id) references procedure (partnership_id, id);
create index attachment_procedure on attachment (partnership_id, procedure_id) where procedure_id is not null;

select app_grant('attachment', 'write');
