"""Views shared by the pages; the only part of automl that imports Streamlit."""
