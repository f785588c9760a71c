-- What several models compute in the same way; made in every connection that runs models.

-- Doubles do not add alike in every order, and rows come in another order with more threads or later rows. A decimal
-- adds exactly: sum(exact(x))::double has the same bytes however its rows lie. It keeps 18 decimals, below 1e20.
create or replace temp macro exact(x) as x::decimal(38, 18);
create or replace temp macro exact_mean(x) as sum(exact(x))::double / count(x);

-- Whether a bar's value is the one before it, a split of so many new shares per old one between them: equal to the last
-- digit without a split, and within what a division loses with one.
create or replace temp macro is_repeated(value, previous, split) as
    value = previous and split = 1 or split <> 1 and abs(value * split / previous - 1) <= 1e-9;
