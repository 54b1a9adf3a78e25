using Foresight.AppHost.Programs;

namespace Foresight.Testing;

/// <summary>
/// Two stacks would slow each other down on a small machine, so one runs at a time over all test processes of this user, until its
/// application is disposed of.
/// </summary>
internal sealed class MachineTurn : IDisposable
{
    private IDisposable? _held;

    public async Task TakeAsync() => _held = await ProgramCache.OfThisUser().LockAsync("stack", CancellationToken.None);

    public void Dispose() => _held?.Dispose();
}
