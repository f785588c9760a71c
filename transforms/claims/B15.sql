/*
statement = "Token networks without fee capture bleed, stablecoin rails consolidate"
absent = "No source of token fees or stablecoin volumes is configured."
*/
