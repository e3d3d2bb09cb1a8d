"""The machine: cores, memory, disk, our folders on it, files, processes and locks."""
