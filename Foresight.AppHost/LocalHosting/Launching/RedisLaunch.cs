using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// A Redis of our own. Nothing is kept on disk: nothing that safety needs lives there, and a test must see it come back empty.
/// </summary>
internal static class RedisLaunch
{
    public static async Task<LaunchPlan> PlanAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var redis = await context.Programs.RequireAsync(Tool.Redis, cancellationToken);
        var endpoint = context.RequiredEndpoint;
        context.CreateDataFolder(owner: null);
        redis.AddTo(context.Environment);
        return new LaunchPlan
        {
            Process = new ProcessSpec
            {
                FileName = redis.Path,
                Arguments =
                [
                    "--bind", endpoint.Host, "--port", endpoint.Port.ToString(), "--save", string.Empty, "--appendonly", "no",
                    "--dir", context.DataFolder, "--daemonize", "no", .. context.Arguments,
                ],
                WorkingDirectory = context.DataFolder,
                Environment = context.Environment,
            },
            Probe = token => Probes.RedisAsync(endpoint.Host, endpoint.Port, token),
        };
    }
}
