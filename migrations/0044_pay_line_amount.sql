-- A payment is of what its transfer committed, to the fen. What a settlement gave
-- back of its hold is the fund's again and is nobody's to be paid.

-- +goose Up
-- +goose StatementBegin
create or replace function pay_line_owed() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from ledger_transfer t where t.partnership_id = new.partnership_id and t.id = new.payable_id and t.fund_id = new.fund_id
      and t.kind in ('commit', 'reimburse'))
    or exists (select 1 from ledger_transfer r where r.partnership_id = new.partnership_id and r.reverses_id = new.payable_id) then
    raise exception 'pay_line: the transfer % owes nothing', new.payable_id using errcode = '23514', constraint = 'pay_line_owed';
  end if;
  if new.amount_fen is distinct from (select sum(e.amount_fen) from ledger_entry e
      join ledger_account l on l.partnership_id = e.partnership_id and l.id = e.account_id and l.kind = 'committed'
      where e.partnership_id = new.partnership_id and e.transfer_id = new.payable_id) then
    raise exception 'pay_line: % is not what the transfer % committed', new.amount_fen, new.payable_id using errcode = '23514', constraint = 'pay_line_amount';
  end if;
  return null;
end $$;
-- +goose StatementEnd
