using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Who waits for whom at start, and who stops before whom. Pure.</summary>
internal static class Dependencies
{
    /// <summary>Parameters and connection strings are values: nothing of them runs.</summary>
    public static bool Runs(IResource resource) =>
        resource is ProjectResource or ExecutableResource or ContainerResource or PostgresDatabaseResource;

    public static IEnumerable<WaitAnnotation> WaitsOf(IResource resource)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().Where(w => Runs(w.Resource));
        return resource is IResourceWithParent child
            ? waits.Prepend(new WaitAnnotation(child.Parent, WaitType.WaitUntilHealthy))
            : waits;
    }

    /// <summary>Everything that must still run while this resource stops.</summary>
    public static IEnumerable<IResource> Of(IResource resource) =>
        WaitsOf(resource).Select(w => w.Resource)
            .Concat(resource.Annotations.OfType<ReferenceAnnotation>().Select(r => r.Resource))
            .Where(r => Runs(r) && r != resource)
            .Distinct();

    /// <summary>In an order in which every resource comes after those it waits for.</summary>
    public static IReadOnlyList<IResource> InStartOrder(IEnumerable<IResource> resources)
    {
        var ordered = new List<IResource>();
        var path = new List<IResource>();
        foreach (var resource in resources.Where(Runs))
            Visit(resource);
        return ordered;

        void Visit(IResource resource)
        {
            if (ordered.Contains(resource))
                return;
            if (path.Contains(resource))
                throw new DistributedApplicationException(
                    $"These resources wait for each other: {string.Join(" -> ", path.SkipWhile(p => p != resource).Append(resource).Select(r => r.Name))}.");
            path.Add(resource);
            foreach (var wait in WaitsOf(resource))
                Visit(wait.Resource);
            path.RemoveAt(path.Count - 1);
            ordered.Add(resource);
        }
    }
}
