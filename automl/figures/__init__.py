"""Plotly figures and the wording of numbers, without Streamlit: for pages, reports and commands."""
