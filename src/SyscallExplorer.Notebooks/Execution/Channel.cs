using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SyscallExplorer.Notebooks;

/// <summary>Sends messages to the parent, each at once: what a cell did stays known even when the process dies in the next instant.</summary>
internal sealed class Channel(Stream stream)
{
    private readonly Lock _gate = new();

    internal void Send(Message message)
    {
        byte[] line = Encoding.UTF8.GetBytes(message.ToLine() + "\n");
        lock (_gate)
        {
            try
            {
                stream.Write(line);
                stream.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The parent is gone; the thread that watches it ends this process.
            }
        }
    }
}

/// <summary>A console stream of the cells: every write becomes a message, in its order among the values shown.</summary>
internal sealed class MessageWriter(Channel channel, string stream) : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    [AllowNull]
    public override string NewLine { get; set; } = "\n";

    public override void Write(char value) => Send(value.ToString());

    public override void Write(string? value) => Send(value);

    public override void Write(char[] buffer, int index, int count) => Send(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Send(new string(buffer));

    public override void WriteLine() => Send(NewLine);

    public override void WriteLine(string? value) => Send(value + NewLine);

    private void Send(string? text)
    {
        if (!string.IsNullOrEmpty(text))
            channel.Send(new TextWritten(stream, text));
    }
}
