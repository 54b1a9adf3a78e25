using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Xunit;

namespace Foresight.AppHost.Tests.Publish;

[Trait("Category", "Parts")]
public sealed class ModelGraphTests
{
    [Fact]
    public async Task TheRunModel_AndThePublishModel_AreOneGraph()
    {
        await using var run = await TestApplication.CreateStackAsync();
        await using var publish = await TestApplication.CreateStackAsync("--publisher", "manifest", "--output-path", "unused.json");
        Assert.True(run.ExecutionContext.IsRunMode);
        Assert.True(publish.ExecutionContext.IsPublishMode);
        Assert.Equal(await GraphAsync(publish), await GraphAsync(run));
    }

    /// <summary>
    /// One fact per line. Users of Redis count as part of their server, because a deployment and a local run create them differently.
    /// </summary>
    private static async Task<IReadOnlyList<string>> GraphAsync(IDistributedApplicationBuilder builder)
    {
        var lines = new List<string>();
        foreach (var resource in builder.Resources.Where(r => !IsPartOfRedis(r) && !IsOfAspire(r)))
        {
            lines.Add(resource.Name);
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
                lines.Add(
                    $"{resource.Name} listens: {endpoint.Name}, external: {endpoint.IsExternal}, {endpoint.Protocol == ProtocolType.Tcp}"
                );
            if (resource is not ProjectResource)
                continue;
            foreach (var wait in resource.Annotations.OfType<WaitAnnotation>())
                lines.Add($"{resource.Name} waits: {wait.Resource.Name}, {wait.WaitType}");
            var context = new EnvironmentCallbackContext(builder.ExecutionContext, resource);
            foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
                await callback.Callback(context);
            foreach (var variable in context.EnvironmentVariables.Keys.Where(IsOurs))
                lines.Add($"{resource.Name} is told: {variable}");
        }

        return [.. lines.Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsPartOfRedis(IResource resource) => resource.Name.StartsWith("redis-", StringComparison.Ordinal);

    // Aspire adds a hidden rebuilder beside each project, which is not part of the model.
    private static bool IsOfAspire(IResource resource) => resource is ExecutableResource and not NativeServerResource;

    // Aspire sets the rest for the environment that a service runs in.
    private static bool IsOurs(string variable) =>
        !variable.StartsWith("OTEL_", StringComparison.Ordinal)
        && !variable.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
        && !variable.StartsWith("DOTNET_", StringComparison.Ordinal)
        && !variable.EndsWith("_PORTS", StringComparison.Ordinal)
        && !variable.StartsWith("LOGGING__", StringComparison.OrdinalIgnoreCase);
}
