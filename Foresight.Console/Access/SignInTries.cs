namespace Foresight.Console.Access;

/// <summary>
/// Bounds the wrong keys that the console passes on in a minute of the clock. To the Api all of them come from the console's address,
/// which it refuses for the rest of a minute after 10, no matter who is signed in; two minutes of <see cref="MaxPerMinute"/> stay within
/// that even if the clocks differ.
/// </summary>
public sealed class SignInTries(TimeProvider clock)
{
    public const int MaxPerMinute = 5;

    /// <summary>Of one address, so that one person who guesses does not keep the others from signing in.</summary>
    public const int MaxOfAddress = 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _tries = [];
    private long _minute;

    /// <summary>Of the minute of the clock, at whose end the count of tries begins again at zero.</summary>
    public static int SecondsLeft(DateTimeOffset now) => 60 - (int)(now.ToUnixTimeSeconds() % 60);

    /// <summary>Counts the try as wrong until <see cref="End"/> reports otherwise, so that tries side by side are bounded too.</summary>
    public bool TryBegin(string address)
    {
        lock (_gate)
        {
            var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
            if (minute != _minute)
            {
                _minute = minute;
                _tries.Clear();
            }

            var tries = _tries.GetValueOrDefault(address);
            if (tries >= MaxOfAddress || _tries.Values.Sum() >= MaxPerMinute)
                return false;
            _tries[address] = tries + 1;
            return true;
        }
    }

    /// <summary>The key was not wrong.</summary>
    public void End(string address)
    {
        lock (_gate)
            if (_tries.TryGetValue(address, out var tries) && tries > 0)
                _tries[address] = tries - 1;
    }
}
