/*
statement = "Capital-light platforms abroad (Sea) are rewarded the same way"
absent = "No source of prices and statements of these companies is configured."
*/
