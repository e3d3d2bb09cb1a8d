"""What the pages share; the only part of automl that imports Streamlit."""
