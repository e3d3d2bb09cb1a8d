"""Predicted answers with their images: shared by the Trial, Test and Compare pages."""
