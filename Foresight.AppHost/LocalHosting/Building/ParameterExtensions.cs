using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.LocalHosting;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    /// <summary>
    /// Configuration key <c>Parameters:name</c>. A secret that is not configured is generated at the first start and kept in the state
    /// folder; a configured empty value says that there must be one.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, ((DistributedApplicationBuilder)builder).ResolveParameter, secret));

    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name) =>
        builder.AddResource(new ConnectionStringResource(name, () => builder.Configuration[$"ConnectionStrings:{name}"]));
}
