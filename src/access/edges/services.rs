//! The services that take a role and act as it: by which principal each assumes it, and with which actions one hands it over.
//!
//! Source: each service's page in the Service Authorization Reference (the actions that list `iam:PassRole` as a dependent action)
//! and its own guide for the service principal. A service that is not here is one that `passable_roles` does not know of.

/// A service that acts as a role it is handed.
#[derive(Debug)]
pub(super) struct Service {
    /// What people call it.
    pub(super) name: &'static str,
    /// Its principal, also the value of `iam:PassedToService`.
    pub(super) principal: &'static str,
    /// Ways to have it run something as the role; of each, all actions are needed.
    pub(super) ways: &'static [&'static [&'static str]],
}

const fn service(name: &'static str, principal: &'static str, ways: &'static [&'static [&'static str]]) -> Service {
    Service { name, principal, ways }
}

/// The principal of EC2, which takes a role only inside an instance profile.
pub(super) const EC2: &str = "ec2.amazonaws.com";

/// All of them.
pub(super) static SERVICES: &[Service] = &[
    service(
        "Amazon Bedrock",
        "bedrock.amazonaws.com",
        &[
            &["bedrock:CreateAgent"],
            &["bedrock:UpdateAgent"],
            &["bedrock:CreateModelInvocationJob"],
            &["bedrock:CreateFlow"],
            &["bedrock:UpdateFlow"],
            &["bedrock:CreateKnowledgeBase"],
            &["bedrock:UpdateKnowledgeBase"],
            &["bedrock:CreateEvaluationJob"],
            &["bedrock:CreateModelCustomizationJob"],
            &["bedrock:CreateModelImportJob"],
        ],
    ),
    service(
        "Amazon Bedrock AgentCore",
        "bedrock-agentcore.amazonaws.com",
        &[
            &["bedrock-agentcore:CreateAgentRuntime"],
            &["bedrock-agentcore:UpdateAgentRuntime"],
            &["bedrock-agentcore:CreateCodeInterpreter"],
            &["bedrock-agentcore:CreateBrowser"],
            &["bedrock-agentcore:CreateHarness"],
            &["bedrock-agentcore:UpdateHarness"],
            &["bedrock-agentcore:CreateGateway"],
            &["bedrock-agentcore:UpdateGateway"],
        ],
    ),
    service(
        "AWS Lambda",
        "lambda.amazonaws.com",
        &[&["lambda:CreateFunction"], &["lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"]],
    ),
    service(
        "Amazon ECS",
        "ecs-tasks.amazonaws.com",
        &[
            &["ecs:RunTask"],
            &["ecs:StartTask"],
            &["ecs:RegisterTaskDefinition", "ecs:CreateService"],
            &["ecs:RegisterTaskDefinition", "ecs:UpdateService"],
        ],
    ),
    service("AWS Batch", "ecs-tasks.amazonaws.com", &[&["batch:RegisterJobDefinition", "batch:SubmitJob"]]),
    service("Amazon EC2", EC2, &[&["ec2:RunInstances"], &["ec2:AssociateIamInstanceProfile"]]),
    service(
        "AWS Step Functions",
        "states.amazonaws.com",
        &[&["states:CreateStateMachine", "states:StartExecution"], &["states:UpdateStateMachine", "states:StartExecution"]],
    ),
    service(
        "Amazon EventBridge Scheduler",
        "scheduler.amazonaws.com",
        &[&["scheduler:CreateSchedule"], &["scheduler:UpdateSchedule"]],
    ),
    service(
        "AWS CloudFormation",
        "cloudformation.amazonaws.com",
        &[
            &["cloudformation:CreateStack"],
            &["cloudformation:UpdateStack"],
            &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"],
        ],
    ),
    service(
        "AWS CodeBuild",
        "codebuild.amazonaws.com",
        &[&["codebuild:CreateProject", "codebuild:StartBuild"], &["codebuild:UpdateProject", "codebuild:StartBuild"]],
    ),
    service(
        "AWS Glue",
        "glue.amazonaws.com",
        &[
            &["glue:CreateJob", "glue:StartJobRun"],
            &["glue:UpdateJob", "glue:StartJobRun"],
            &["glue:CreateSession"],
            &["glue:CreateDevEndpoint"],
        ],
    ),
    service(
        "Amazon SageMaker AI",
        "sagemaker.amazonaws.com",
        &[
            &["sagemaker:CreateNotebookInstance"],
            &["sagemaker:CreateTrainingJob"],
            &["sagemaker:CreateProcessingJob"],
            &["sagemaker:CreateAutoMLJob"],
            &["sagemaker:CreateAutoMLJobV2"],
            &["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"],
            &["sagemaker:CreateUserProfile"],
            &["sagemaker:CreateDomain"],
        ],
    ),
    service("AWS Systems Manager", "ssm.amazonaws.com", &[&["ssm:StartAutomationExecution"]]),
    service("AWS App Runner", "tasks.apprunner.amazonaws.com", &[&["apprunner:CreateService"], &["apprunner:UpdateService"]]),
    service(
        "Amazon EKS Pod Identity",
        "pods.eks.amazonaws.com",
        &[&["eks:CreatePodIdentityAssociation"], &["eks:UpdatePodIdentityAssociation"]],
    ),
    service("Amazon EMR Serverless", "emr-serverless.amazonaws.com", &[&["emr-serverless:StartJobRun"]]),
];
