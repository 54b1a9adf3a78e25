namespace Foresight.AppHost.LocalHosting;

/// <summary>What a replica writes: to its file, to whoever listens, and its last lines in memory for when it fails.</summary>
internal sealed class ResourceLog(string path, Action<string> listen) : IDisposable
{
    private const int TailLines = 40;

    // At this size the file is set aside, in place of the one set aside before: a resource keeps at most twice as much.
    private const long MaxFileBytes = 32 * 1024 * 1024;

    private readonly Lock _writing = new();
    private readonly Queue<string> _tail = new();
    private StreamWriter? _file;
    private bool _closed;

    public void Write(string line)
    {
        lock (_writing)
        {
            if (_closed)
                return;
            if (_file is null || _file.BaseStream.Length > MaxFileBytes)
                _file = Reopen();
            _file.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {line}");
            if (_tail.Count == TailLines)
                _tail.Dequeue();
            _tail.Enqueue(line);
        }
        listen(line);
    }

    public IReadOnlyList<string> Tail()
    {
        lock (_writing)
            return [.. _tail];
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _closed = true;
            _file?.Dispose();
        }
    }

    private StreamWriter Reopen()
    {
        _file?.Dispose();
        if (new FileInfo(path) is { Exists: true, Length: > MaxFileBytes })
            File.Move(path, path + ".old", overwrite: true);
        return new StreamWriter(path, append: true) { AutoFlush = true };
    }
}
