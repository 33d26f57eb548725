-- How many days after an emergency admission the request for a reduction may
-- still come, and the office's list of those that did not. The number is the
-- partnership's own: no rule of the state is written here.

-- +goose Up
alter table partnership add column late_approval_days int not null default 30 check (late_approval_days between 1 and 365);
create index treatment_emergency on treatment (partnership_id, admitted_on, id)
  where path = 'emergency' and live and state in ('admitted', 'operated', 'discharged', 'settled');
grant update (late_approval_days) on partnership to shanhai_app;
