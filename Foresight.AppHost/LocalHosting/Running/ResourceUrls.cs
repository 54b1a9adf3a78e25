using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.LocalHosting;

internal static class ResourceUrls
{
    public static IEnumerable<UrlSnapshot> Of(ResourceInstance instance)
    {
        if (instance.Resource is not IResourceWithEndpoints owner)
            yield break;
        foreach (var endpoint in owner.Annotations.OfType<EndpointAnnotation>())
        {
            if (endpoint.Allocated.Count <= instance.Replica)
                continue;
            var shown = new ResourceUrlAnnotation { Url = new EndpointReference(owner, endpoint.Name).UrlOf(instance.Replica) };
            foreach (var callback in owner.Annotations.OfType<UrlCallbackAnnotation>().Where(c => c.EndpointName == endpoint.Name))
                callback.Callback(shown);
            yield return new UrlSnapshot(shown.DisplayText ?? endpoint.Name, shown.Url, IsInternal: !endpoint.IsExternal);
        }
    }
}
