"""The 162 files on which this program and Azure's client differed when 614 were first compared.

The other 452 of that comparison were answered alike, and only their number is known. Places of data
are mapped here (`azure_variants.DATASTORES`), where the first comparison could not map any. Each
name is one of `azure_variants`.
"""

NUM_FILES = 614

DIFFERED = """
no type
no task
task: classification
job: image_classification_multilabel without a metric
job: image_object_detection without a metric
job: image_instance_segmentation without a metric
task: text_classification
resources: {instance_type: [a, b]}
resources: {instance_count: 0}
log_verbosity: NotSet
primary_metric: AucWeighted
primary_metric: NormMacroRecall
primary_metric: normMacroRecall
primary_metric: PrecisionScoreWeighted
validation_data_size: 0
validation_data_size: 1
validation_data_size: 1.5
validation_data_size: 20
identity: {type: AMLToken}
identity: {type: managed_identity, msi_resource_id: x}
outputs: {best_model: {type: uri_folder}}
outputs: {best_model: {}}
outputs: {best_model: {type: custom_model}}
outputs: {other: {type: mlflow_model}}
outputs: {best_model: {type: mlflow_model, mode: x}}
outputs: {best_model: {type: mlflow_model, name: m, version: '1'}}
services: {x: 5}
limits: {exit_score: 0.9}
seed: 5
status: Completed
id: x
creation_context: {}
training_data.type: MLTable
training_data.path: azureml:mapped:1
validation_data: {type: mltable, path: 'azureml:mapped:1'}
training_data.path: azureml:mapped@latest
training_data.path: azureml://datastores/here/paths/x
training_data.path: azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/here/paths/x
training_data.path: azureml://registries/azureml/data/mapped/versions/1
training_data.path: https://a.blob.core.windows.net/c/train
training_data.path: wasbs://c@a.blob.core.windows.net/t
training_data.path: abfss://c@a.dfs.core.windows.net/t
training_data.path: adl://a.azuredatalakestore.net/t
training_data.path: file://{folder}/data
training_data.mode: rw_mount
training_data.mode: Direct
training_data.description: x
training_data: {type: mltable}
validation_data: {type: mltable}
validation_data: null
test_data: null
limits.max_trials: 0
limits.max_trials: -1
limits.max_trials: 5000
limits.max_trials: true
limits.max_concurrent_trials: 0
limits.max_concurrent_trials: 101
limits.timeout_minutes: 0
limits.timeout_minutes: 86401
limits.exit_score: 0.9
training_parameters.model_name: ResNet18
training_parameters.model_name: any/text
training_parameters.model_name: google/vit-base-patch16-224
training_parameters.model_name: microsoft/beit-base-patch16-224-pt22k-ft22k
training_parameters.model_name: facebook/deit-base-patch16-224
training_parameters.model_name: microsoft/swinv2-base-patch4-window12-192-22k
training_parameters.model_name: yolov5
training_parameters.model_name: fasterrcnn_resnet50_fpn
training_parameters.model_name: ''
training_parameters.model_name: microsoft/resnet-50
training_parameters.model_name: somebody/foo
training_parameters.number_of_epochs: 0
training_parameters.number_of_epochs: -1
training_parameters.number_of_epochs: 2.5
training_parameters.training_batch_size: 0
training_parameters.training_batch_size: 2.5
training_parameters.validation_batch_size: 0
training_parameters.gradient_accumulation_step: 0
training_parameters.learning_rate: 5
training_parameters.learning_rate: -1
training_parameters.learning_rate: true
training_parameters.learning_rate_scheduler: warmupCosine
training_parameters.learning_rate_scheduler: WarmupCosine
training_parameters.warmup_cosine_lr_cycles: 2
training_parameters.warmup_cosine_lr_warmup_epochs: -1
training_parameters.warmup_cosine_lr_warmup_epochs: 1.5
training_parameters.step_lr_gamma: 1.5
training_parameters.step_lr_step_size: 0
training_parameters.optimizer: AdamW
training_parameters.momentum: 1.5
training_parameters.weight_decay: 1.5
training_parameters.beta1: 1.5
training_parameters.early_stopping_patience: 0
training_parameters.early_stopping_delay: -1
training_parameters.evaluation_frequency: 0
training_parameters.checkpoint_frequency: -1
training_parameters.layers_to_freeze: -1
training_parameters.random_seed: -1
training_parameters.training_crop_size: 0
training_parameters.validation_resize_size: 100
training_parameters.validation_resize_size: 0
training_parameters.weighted_loss: 3
training_parameters.weighted_loss: 7
training_parameters.weighted_loss: '1'
training_parameters.precision: fp32
job: a side that the network does not have
job: another side that it does not have
job: a crop larger than the picture
training_parameters.validation_resize_size: 200
search_space.number_of_epochs: {type: quniform, min_value: 5.0, max_value: 10.0, q: 1.0}
search_space.number_of_epochs: {type: randint, upper: 5}
search_space.learning_rate: {type: uniform, min_value: 0.1, max_value: 0.01}
search_space.learning_rate: {type: loguniform, min_value: 0.001, max_value: 0.1}
search_space.learning_rate: {type: uniform, min_value: 0, max_value: 5}
search_space.learning_rate: {type: normal, mu: 0.1, sigma: 0}
search_space.learning_rate: {type: normal, mu: 0.1, sigma: -1}
search_space.learning_rate: uniform(0.001,0.01)
search_space.number_of_epochs: choice(5,10)
search_space.optimizer: choice('sgd','adam')
search_space.learning_rate: {type: choice, values: []}
search_space.learning_rate: {type: choice}
search_space.model_name: microsoft/beit-base-patch16-224-pt22k-ft22k
search_space.model_name: {type: choice, values: [vitb16r224, google/vit-base-patch16-224]}
search_space.number_of_workers: {type: choice, values: [2, 4]}
search_space.distributed: {type: choice, values: [true, false]}
search_space.distributed: true
search_space.number_of_workers: 4
search_space: []
search_space: null
limits in the sweep only
sweep: null
job: a sweep without a space
job: a sweep without a space and limits
grid: {type: uniform, min_value: 0.001, max_value: 0.01}
bayesian: {type: normal, mu: 0.1, sigma: 0.01}
job: randint in a grid
policy: {type: bandit, slack_factor: -0.2}
policy: {type: bandit, evaluation_interval: -1}
policy: {type: bandit, evaluation_interval: 1.5}
policy: {type: bandit, slack_amount: null}
policy: {type: Median_Stopping}
policy: {type: MedianStopping}
policy: {type: median_stopping, evaluation_interval: null}
policy: {type: truncation_selection, truncation_percentage: 0}
policy: {type: truncation_selection, truncation_percentage: 100}
policy: {type: truncation_selection, truncation_percentage: 20.5}
policy: {type: Truncation_Selection, truncation_percentage: 20}
policy: {type: asha}
policy: null
text: a key twice
text: a key of a section twice
text: merge with an override
job: as the SDK writes it
search_space.model_name: choice('resnet18','resnet34')
pipeline: input
pipeline: literal
job: several labels, iou
job: several labels, a sweep
job: boxes, nothing else
job: boxes, with their metric
job: masks, nothing else
task: image_classification_multilabel
""".strip().splitlines()
