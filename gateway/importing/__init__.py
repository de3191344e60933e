"""Old mail: from the files that it lies in to the spool, once, in order, and to be taken up again after any end."""
