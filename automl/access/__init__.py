"""Permissions of people, and the audit log of their actions."""
