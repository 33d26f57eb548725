-- Whose rights changed with the latest versions, the newest first, so that every
-- process can look at those accounts only: putting the rights of a hundred
-- thousand together takes longer than a right that was taken away may last. The
-- zero id stands for a change that may concern anybody.

-- +goose Up
alter table policy_version add column recent uuid[] not null default '{}';
select app_grant('policy_version', 'write');
