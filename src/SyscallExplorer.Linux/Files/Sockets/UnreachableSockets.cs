namespace SyscallExplorer.Linux;

/// <summary>
/// Sockets that nobody can get at any more, since only messages lead to them, and these wait in such sockets too. Nothing else would ever close
/// them and the files that wait with them.
/// </summary>
internal static class UnreachableSockets
{
    /// <summary>Closes them. Linux looks for them whenever a socket is gone while files are on their way.</summary>
    public static void Close(LinuxMachine machine)
    {
        if (machine.Sockets.FilesInFlight == 0)
            return;
        HashSet<int> reachable = Reachable(machine.State);
        List<SocketMessage> lost = [];
        foreach (SocketState socket in machine.State.Sockets.Values.Where(socket => !reachable.Contains(socket.Number)).OrderBy(socket => socket.Number))
        {
            lost.AddRange(socket.Queue.Where(message => !message.Rights.IsEmpty));
            machine.Sockets.Set(socket with { Queue = socket.Queue.RemoveAll(message => !message.Rights.IsEmpty) });
        }

        foreach (SocketMessage message in lost)
            machine.Sockets.Drop(message);
    }

    /// <summary>Sockets that something else than a message leads to, and those that their messages and connections lead to.</summary>
    private static HashSet<int> Reachable(KernelState state)
    {
        ILookup<int, int> inFlight = state.Sockets.Values.SelectMany(socket => socket.Queue).SelectMany(message => message.Rights).ToLookup(file => file);
        var found = new HashSet<int>();
        var open = new Stack<int>();
        foreach ((int number, OpenFile file) in state.OpenFiles)
        {
            if (file.Object is SocketFile socket && state.FileReferences[number] > inFlight[number].Count())
                open.Push(socket.Socket);
        }

        while (open.TryPop(out int next))
        {
            if (!found.Add(next) || !state.Sockets.TryGetValue(next, out SocketState? socket))
                continue;
            foreach (int pending in socket.Pending)
                open.Push(pending);
            foreach (int file in socket.Queue.SelectMany(message => message.Rights))
            {
                if (state.OpenFiles[file].Object is SocketFile carried)
                    open.Push(carried.Socket);
            }
        }

        return found;
    }
}
