using Foresight.AppHost.Programs;

namespace Foresight.Testing;

/// <summary>
/// Allows one whole stack at a time over all test processes of this user, because two would slow each other down on a small machine. Held
/// until the application is disposed of.
/// </summary>
internal sealed class MachineTurn : IDisposable
{
    private IDisposable? _held;

    public async Task TakeAsync() => _held = await ProgramCache.OfThisUser().LockAsync("stack", CancellationToken.None);

    public void Dispose() => _held?.Dispose();
}
