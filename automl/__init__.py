"""AutoML for image classification: `automl.run(job)` and `automl.open_experiment(path)`."""
