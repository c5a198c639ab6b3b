// Tooltips.
