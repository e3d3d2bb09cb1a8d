"""Job schema: the job, its search space and hyperparameters, the models, AutoMode."""
