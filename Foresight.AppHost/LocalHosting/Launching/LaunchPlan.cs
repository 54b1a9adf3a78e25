namespace Foresight.AppHost.LocalHosting;

/// <summary>How one replica is run here, decided anew at each start.</summary>
internal sealed record LaunchPlan
{
    /// <summary>Null for what is no process of its own, such as a database in a server.</summary>
    public ProcessSpec? Process { get; init; }

    /// <summary>Null when healthy, else what is missing. Exceptions count as not healthy, with their message.</summary>
    public Func<CancellationToken, Task<string?>>? Probe { get; init; }

    /// <summary>
    /// Writes down what must outlive the process; called now and then while it is healthy, and before it is asked to stop.
    /// </summary>
    public Func<CancellationToken, Task>? Save { get; init; }
}
