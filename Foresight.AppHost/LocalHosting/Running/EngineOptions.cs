namespace Foresight.AppHost.LocalHosting;

internal sealed record EngineOptions
{
    /// <summary>State in a temp folder that is removed at the end.</summary>
    public bool Ephemeral { get; init; }

    /// <summary>Takes any free port even where the model asks for one; what tests want.</summary>
    public bool RandomizePorts { get; init; }

    /// <summary>Shows no table, no logs, and reads no commands.</summary>
    public bool Quiet { get; init; }
}
