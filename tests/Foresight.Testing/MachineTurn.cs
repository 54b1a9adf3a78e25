using Foresight.AppHost.Programs;

namespace Foresight.Testing;

/// <summary>
/// Two stacks would slow each other down on a small machine, so one runs at a time over all test processes of this user, until its
/// application is disposed of. Taken before the model is built: the app host's program starts what it has built without waiting to be
/// asked.
/// </summary>
public sealed class MachineTurn : IDisposable
{
    private readonly IDisposable _held;

    private MachineTurn(IDisposable held) => _held = held;

    public static async Task<MachineTurn> TakeAsync() => new(await ProgramCache.OfThisUser().LockAsync("stack", CancellationToken.None));

    public void Dispose() => _held.Dispose();
}
