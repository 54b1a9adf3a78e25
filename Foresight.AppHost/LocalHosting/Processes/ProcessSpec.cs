namespace Foresight.AppHost.LocalHosting;

internal sealed record ProcessSpec
{
    public required string FileName { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public required string WorkingDirectory { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Null runs it as ourselves.</summary>
    public UserAccount? RunAs { get; init; }

    /// <summary>What asks the program to end in order.</summary>
    public int StopSignal { get; init; } = Native.SignalTerminate;
}
