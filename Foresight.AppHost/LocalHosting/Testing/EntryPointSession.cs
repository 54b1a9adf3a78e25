using System.Reflection;
using Foresight.AppHost.LocalHosting;

namespace Aspire.Hosting.Testing;

/// <summary>
/// Runs an AppHost's own entry point for a test, up to Build: the test then looks at the model, changes it, and decides when it is built
/// and started.
/// </summary>
internal sealed class EntryPointSession(EngineOptions options, IDisposable machine) : IDisposable
{
    private static readonly AsyncLocal<EntryPointSession?> CurrentSession = new();

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _buildAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _application = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static EntryPointSession? Current => CurrentSession.Value;

    public EngineOptions Options { get; } = options;

    public Task<DistributedApplicationBuilder> BuilderAsync(Assembly appHost, string[] args)
    {
        var entryPoint = appHost.EntryPoint ?? throw new InvalidOperationException($"{appHost.GetName().Name} has no entry point.");
        var thread = new Thread(() =>
        {
            CurrentSession.Value = this;
            Run(entryPoint, args);
        })
        { IsBackground = true, Name = "AppHost" };
        thread.Start();
        return _builder.Task;
    }

    public Task<DistributedApplication> BuildAsync()
    {
        _buildAsked.TrySetResult();
        return _application.Task;
    }

    /// <summary>Lets the entry point's thread go if there is no application yet.</summary>
    public void Abandon()
    {
        if (_buildAsked.TrySetCanceled())
            Dispose();
    }

    /// <summary>Gives the machine to the next stack.</summary>
    public void Dispose() => machine.Dispose();

    public void HoldUntilBuildIsAsked(DistributedApplicationBuilder builder)
    {
        _builder.TrySetResult(builder);
        _buildAsked.Task.GetAwaiter().GetResult();
    }

    public void Built(DistributedApplication application) => _application.TrySetResult(application);

    private void Run(MethodInfo entryPoint, string[] args)
    {
        try
        {
            var result = entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? null : [args]);
            if (result is Task task)
                task.GetAwaiter().GetResult();
            Fail(new DistributedApplicationException(
                "The AppHost ended before it built its application; it said why on the error output."));
        }
        catch (TargetInvocationException e)
        {
            Fail(e.InnerException ?? e);
        }
    }

    private void Fail(Exception exception)
    {
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
        Dispose();
    }
}
