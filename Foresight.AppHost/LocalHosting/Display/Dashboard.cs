using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Shows a run to a person, and takes what the person types.</summary>
internal sealed class Dashboard : IAsyncDisposable
{
    private const int LastLinesOfACrash = 12;

    private readonly LocalEngine _engine;
    private readonly IScreen _screen;
    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<string> _keys = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _following;
    private bool _saidHealthy;
    private volatile bool _stopping;

    private Dashboard(LocalEngine engine, IScreen screen)
    {
        _engine = engine;
        _screen = screen;
        engine.Said += screen.Say;
        engine.Output += screen.Log;
        _following = Task.Run(FollowAsync);
    }

    public static Dashboard Show(LocalEngine engine, Action quit)
    {
        IScreen screen = Console.IsOutputRedirected ? new PlainScreen(Console.Out) : new TerminalScreen(engine);
        var dashboard = new Dashboard(engine, screen);
        new Prompt(engine, screen, quit).Start();
        return dashboard;
    }

    public void SayStopping()
    {
        _stopping = true;
        _screen.Say("Stopping in order; Ctrl+C again kills");
    }

    /// <summary>
    /// The parameters named in LocalHosting:ShowParameters: what an operator has to know, such as the key to sign in with.
    /// </summary>
    public async Task ShowParametersAsync(IReadOnlyList<IResource> resources, IConfiguration configuration)
    {
        var names = configuration.GetSection("LocalHosting:ShowParameters").GetChildren().Select(c => c.Value);
        var lines = new List<string>();
        foreach (var parameter in resources.OfType<ParameterResource>().Where(p => names.Contains(p.Name)))
            lines.Add($"{parameter.Name}: {await parameter.GetValueAsync()}");
        _keys.TrySetResult(string.Join('\n', lines));
        _screen.Say(string.Join('\n', lines));
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _following;
        _engine.Output -= _screen.Log;
        _engine.Said -= _screen.Say;
        await _screen.DisposeAsync();
        _closing.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (var happened in _engine.Notifications.WatchAsync(_closing.Token))
            {
                if (_engine.Instances.FirstOrDefault(i => i.Id == happened.ResourceId) is not { } instance)
                    continue;
                _screen.Changed(instance);
                if (instance.HasFailed && !_stopping)
                    SayFailure(instance);
                if (!_saidHealthy && _engine.Instances.All(IsDone))
                    await SayHealthyAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    private void SayFailure(ResourceInstance instance)
    {
        _screen.Say($"{instance.Id} has failed: {ResourceTable.DetailOf(instance)}. Its last lines:");
        foreach (var line in instance.Log.Tail().TakeLast(LastLinesOfACrash))
            _screen.Say($"    {line}");
        _screen.Say($"It is not restarted by itself; `start {instance.Id}` does.");
    }

    private async Task SayHealthyAsync()
    {
        _saidHealthy = true;
        if (_screen is PlainScreen)
            foreach (var line in ResourceTable.Lines(_engine.Instances, int.MaxValue))
                _screen.Say(line);
        _screen.Say($"Everything is healthy after {_sinceStart.Elapsed.TotalSeconds:0.0} s. Type ? for commands, Ctrl+C to stop.");
        _screen.Say(await _keys.Task);
    }

    private static bool IsDone(ResourceInstance instance) =>
        instance.IsHealthy
        || (instance.State == KnownResourceStates.Finished && !instance.HasFailed)
        || instance.Resource.Annotations.OfType<ExplicitStartupAnnotation>().Any();
}
