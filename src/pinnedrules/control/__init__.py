"""Control: the state folder, the stop, approvals and the store behind them."""
