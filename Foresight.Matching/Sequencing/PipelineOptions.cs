namespace Foresight.Matching.Sequencing;

/// <summary>What a simulation makes smaller, to see in seconds what happens in days.</summary>
internal sealed record PipelineOptions
{
    public int CommandsPerSnapshot { get; init; } = PipelineLimits.CommandsPerSnapshot;
}
