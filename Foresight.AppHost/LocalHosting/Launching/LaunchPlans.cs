using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Which native programs stand for a resource, and how it is run.</summary>
internal static class LaunchPlans
{
    public static IEnumerable<Tool> ToolsFor(IResource resource) => resource switch
    {
        RedisResource => [Tool.Redis],
        PostgresServerResource => [Tool.Postgres],
        ContainerResource container => [NativeImage.Of(container).Tool],
        _ => [],
    };

    public static async Task<LaunchPlan> MakeAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var plan = context.Instance.Resource switch
        {
            ProjectResource project => ProjectLaunch.Plan(project, context),
            ExecutableResource executable => ExecutableLaunch.Plan(executable, context),
            RedisResource => await RedisLaunch.PlanAsync(context, cancellationToken),
            PostgresServerResource server => await PostgresLaunch.PlanAsync(server, context, cancellationToken),
            PostgresDatabaseResource database => PostgresDatabaseLaunch.Plan(database),
            ContainerResource container => await ContainerLaunch.PlanAsync(container, context, cancellationToken),
            _ => new LaunchPlan(),
        };
        return HttpProbe(context) is { } probe ? plan with { Probe = probe } : plan;
    }

    /// <summary>What the model says about health wins over what the engine knows of the program.</summary>
    private static Func<CancellationToken, Task<string?>>? HttpProbe(LaunchContext context)
    {
        var probes = context.Instance.Resource.Annotations.OfType<HttpProbeAnnotation>().ToList();
        if (probes.Count == 0)
            return null;
        return async cancellationToken =>
        {
            foreach (var probe in probes)
                if (await Probes.HttpAsync(
                    context.UrlOf(probe.EndpointName) + probe.Path, probe.StatusCode, cancellationToken) is { } problem)
                    return problem;
            return null;
        };
    }
}
