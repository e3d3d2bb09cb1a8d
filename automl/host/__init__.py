"""The machine we run on: its cores and rooms, our place on its disk, processes and locks."""
