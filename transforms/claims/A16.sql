/*
statement = "2026 earnings grow by 15-20 % in technology and by 8-10 % in the market"
absent = "No source of consensus estimates is configured."
*/
