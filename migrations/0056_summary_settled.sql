-- How many of the person-times are settled stands beside their number: a sum of money
-- is of the settled ones, and says of how many.
--
-- What was summarised before does not know it. The summary is made anew: everybody is
-- marked, figures are counted from the records meanwhile. The columns have no default, so
-- a process of the version before cannot write a row that leaves it out.

-- +goose Up
lock table summary_state, summary_cell, summary_person in access exclusive mode; -- whoever folds or reads comes by the first of them
delete from summary_cell;
delete from summary_person;
alter table summary_person add column settled int not null;
alter table summary_cell add column settled bigint not null;
grant update (settled) on summary_person, summary_cell to shanhai_app;
insert into summary_mark (partnership_id, person_id, tx, root_id)
  select x.partnership_id, x.person_id, 0, coalesce(q.root_id, x.person_id)
  from (select o.partnership_id, o.person_id from procedure o where o.live
    union select t.partnership_id, t.person_id from treatment t where t.live and t.operated_on is not null) x
  left join (select p.partnership_id, p.id, p.root_id from person p) q on q.partnership_id = x.partnership_id and q.id = x.person_id
  on conflict do nothing;
