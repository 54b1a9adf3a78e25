using System.Diagnostics;
using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.LocalHosting;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>A model that can be run: here over native processes, under UseAspire=true by Aspire itself.</summary>
public sealed class DistributedApplication : IAsyncDisposable
{
    // `timeout`, or a shell that signals both a process and its group, asks twice at once; that is one request.
    private static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(1);

    private readonly LocalEngine _engine;
    private readonly EngineOptions _options;
    private readonly IReadOnlyList<IResource> _resources;
    private readonly IConfiguration _configuration;
    private readonly Testing.EntryPointSession? _session;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServiceProvider _services;
    private long _stopAsked;
    private bool _disposed;

    internal DistributedApplication(
        IReadOnlyList<IResource> resources,
        Func<StateFolder> openState,
        EngineOptions options,
        IConfiguration configuration,
        IHostEnvironment environment,
        Testing.EntryPointSession? session)
    {
        _resources = resources;
        _options = options;
        _configuration = configuration;
        _session = session;
        ResourceCommands = new ResourceCommandService((id, command, token) => _engine!.ExecuteAsync(id, command, token));
        _services = new ServiceCollection()
            .AddSingleton(_ => ResourceNotifications)
            .AddSingleton(_ => ResourceCommands)
            .AddSingleton(configuration)
            .AddHttpClient()
            .BuildServiceProvider();
        _engine = new LocalEngine(resources, openState, options, environment.EnvironmentName, _services);
    }

    public IServiceProvider Services => _services;

    public ResourceNotificationService ResourceNotifications => _engine.Notifications;

    public ResourceCommandService ResourceCommands { get; }

    internal IReadOnlyList<IResource> Resources => _resources;

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        var session = Testing.EntryPointSession.Current;
        return new DistributedApplicationBuilder(args, session?.Options ?? new EngineOptions(), session);
    }

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) =>
        new DistributedApplicationBuilder(options.Args ?? [], new EngineOptions { Quiet = options.DisableDashboard }, session: null);

    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>
    /// Starts everything, shows it, and stops it in order at Ctrl+C or SIGTERM. Mistakes end in one line and exit code 1.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (_session is not null)
        {
            // The test starts and ends it; AppHost.cs only waits here.
            await _ended.Task;
            return;
        }

        await using var self = this;
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cancelled = cancellationToken.Register(() => stop.TrySetResult());
        Native.HearInterrupt();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        try
        {
            await using var display = _options.Quiet ? null : Dashboard.Show(_engine, () => stop.TrySetResult());
            await StartAsync(CancellationToken.None);
            if (display is not null)
                await display.ShowParametersAsync(_resources, _configuration);
            await Task.WhenAny(stop.Task, ParentWatch.EndOfDotnetRunAsync(CancellationToken.None));
            display?.SayStopping();
            await _engine.StopAsync();
        }
        catch (Exception e) when (e is DistributedApplicationException or ProgramMissingException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            System.Environment.ExitCode = 1;
        }

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (stop.TrySetResult())
                _stopAsked = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(_stopAsked) > SameSignal)
                _engine.KillAll();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => _engine.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken = default) => _engine.StopAsync();

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _engine.DisposeAsync();
        await _services.DisposeAsync();
        _session?.Dispose();
        _ended.TrySetResult();
    }
}
