using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.AppHost.LocalHosting;

/// <summary>The table of resources as lines of text. Pure.</summary>
internal static class ResourceTable
{
    private static readonly string[] Heads = ["RESOURCE", "STATE", "PID", "RESTARTS", "ADDRESS"];

    public static IReadOnlyList<string> Lines(IReadOnlyList<ResourceInstance> instances, int width)
    {
        var rows = instances.Select(Cells).Prepend(Heads).ToList();
        var widths = Enumerable.Range(0, Heads.Length - 1).Select(c => rows.Max(r => r[c].Length)).ToArray();
        return [.. rows.Select(
            r => Cut(string.Join("  ", r.Select((cell, c) => c < widths.Length ? cell.PadRight(widths[c]) : cell)).TrimEnd(), width))];
    }

    public static string StateOf(ResourceInstance instance)
    {
        var state = instance.Snapshot.HealthStatus is { } health && instance.State == KnownResourceStates.Running
            ? health == HealthStatus.Healthy ? "healthy" : "not healthy"
            : Words(instance.State);
        return instance.Snapshot.ExitCode is { } exitCode and not 0 && instance.Reason is null ? $"{state} ({exitCode})" : state;
    }

    public static string AddressOf(ResourceInstance instance) =>
        string.Join(' ', instance.Snapshot.Urls.Select(u => u.Name is "http" or "tcp" ? u.Url : $"{u.Name}: {u.Url}"));

    /// <summary>Why it is not healthy, else its address, else the last thing it said.</summary>
    public static string DetailOf(ResourceInstance instance) =>
        instance.Reason is { } reason && !instance.IsHealthy ? reason.Split('\n', 2)[0]
        : AddressOf(instance) is { Length: > 0 } address ? address
        : instance.State == KnownResourceStates.Running ? instance.Log.Tail().LastOrDefault() ?? string.Empty : string.Empty;

    private static string[] Cells(ResourceInstance instance) =>
    [
        instance.Id,
        StateOf(instance),
        instance.Process?.Id.ToString() ?? string.Empty,
        instance.Restarts == 0 ? string.Empty : instance.Restarts.ToString(),
        DetailOf(instance),
    ];

    private static string Words(string state) => state switch
    {
        _ when state == KnownResourceStates.NotStarted => "not started",
        _ when state == KnownResourceStates.FailedToStart => "failed to start",
        _ => state.ToLowerInvariant(),
    };

    private static string Cut(string line, int width) => line.Length <= width ? line : line[..width];
}
