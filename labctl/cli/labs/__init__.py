"""Commands for labs that stay."""
