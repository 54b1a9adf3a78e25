namespace Foresight.Matching.Leadership;

/// <summary>Asks a machine whether anything listens at an address. By a socket, and in the simulator.</summary>
public interface INodeProbe
{
    /// <summary>True only for a refusal by the machine itself; silence may be a slow network.</summary>
    Task<bool> RefusesAsync(string address, CancellationToken cancellationToken);
}
