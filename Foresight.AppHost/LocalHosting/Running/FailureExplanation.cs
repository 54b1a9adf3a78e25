using System.Text;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Why waiting for a resource is in vain: it has failed itself, or it still waits for one that has.</summary>
internal static class FailureExplanation
{
    public static string? Of(string name, IReadOnlyList<ResourceInstance> instances)
    {
        var asked = instances.Where(i => Is(i, name)).ToList();
        if (instances.Count > 0 && asked.Count == 0)
            return $"There is no resource '{name}'; there are {string.Join(", ", instances.Select(i => i.Id))}.";
        var failed = asked.FirstOrDefault(i => i.HasFailed)
            ?? asked.Where(i => i.State == KnownResourceStates.Waiting).Select(i => FailedDependency(i, instances)).FirstOrDefault(
                i => i is not null);
        return failed is null ? null : Describe(failed);
    }

    private static ResourceInstance? FailedDependency(ResourceInstance waiting, IReadOnlyList<ResourceInstance> instances)
    {
        var seen = new HashSet<IResource>();
        var open = new Queue<IResource>([waiting.Resource]);
        while (open.TryDequeue(out var resource))
            foreach (var wait in Dependencies.WaitsOf(resource))
            {
                if (instances.FirstOrDefault(i => i.Resource == wait.Resource && i.HasFailed) is { } failed)
                    return failed;
                if (seen.Add(wait.Resource))
                    open.Enqueue(wait.Resource);
            }
        return null;
    }

    private static string Describe(ResourceInstance failed)
    {
        var text = new StringBuilder($"{failed.Id}: {failed.State}");
        if (failed.Reason is { } reason)
            text.Append($" ({reason})");
        foreach (var line in failed.Log.Tail())
            text.Append($"\n  [{failed.Id}] {line}");
        return text.ToString();
    }

    private static bool Is(ResourceInstance instance, string name) =>
        string.Equals(instance.Id, name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(instance.Resource.Name, name, StringComparison.OrdinalIgnoreCase);
}
