namespace Aspire.Hosting.ApplicationModel;

/// <summary>Runs start, stop, restart, kill, and whatever a resource declared by <c>WithCommand</c>.</summary>
public sealed class ResourceCommandService
{
    private readonly Func<string, string, CancellationToken, Task<ExecuteCommandResult>> _execute;

    internal ResourceCommandService(Func<string, string, CancellationToken, Task<ExecuteCommandResult>> execute) => _execute = execute;

    /// <param name="resourceId">One replica (<c>matching-2</c>), or a resource's name for all its replicas.</param>
    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        _execute(resourceId, commandName, cancellationToken);

    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        _execute(resource.Name, commandName, cancellationToken);
}
