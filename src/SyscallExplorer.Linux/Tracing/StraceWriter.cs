using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>Writes events as lines; a call that another task's event breaks off is resumed on a line of its own.</summary>
internal sealed class StraceWriter(TextWriter writer, StraceOptions options)
{
    private const int PidWidth = 5;

    private int _column;

    /// <summary>The task whose call is on the unfinished line, or null when a new line begins.</summary>
    private int? _open;

    public void Write(TraceEvent item)
    {
        if (_open is not null && (_open != item.Pid || item is not CallLeft))
            BreakOff();
        switch (item)
        {
            case CallEntered entered:
                Prefix(item.Pid);
                Put(entered.Entered.Text);
                _open = item.Pid;
                break;
            case CallLeft left:
                if (_open is null)
                {
                    Prefix(item.Pid);
                    Put($"<... {left.Record.Name} resumed>");
                }

                Put(left.Record.ExitText);
                Put(")");
                Put(new string(' ', Math.Max(1, options.ResultColumn - _column)));
                Put($"= {left.Record.ResultText}");
                EndLine();
                break;
            case TaskRemark remark:
                Prefix(item.Pid);
                Put(remark.Text);
                EndLine();
                break;
        }
    }

    /// <summary>The log is over: a call that is open stays so.</summary>
    public void End()
    {
        if (_open is not null)
            BreakOff();
    }

    private void BreakOff()
    {
        Put(" <unfinished ...>");
        EndLine();
    }

    private void Prefix(int pid)
    {
        if (options.Follow)
            Put(pid.ToString(CultureInfo.InvariantCulture).PadRight(PidWidth) + " ");
    }

    private void Put(string text)
    {
        writer.Write(text);
        _column += text.Length;
    }

    private void EndLine()
    {
        writer.Write('\n');
        _column = 0;
        _open = null;
    }
}
