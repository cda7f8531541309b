namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>
/// HTTP in which a lock is lost: from a moment on, whoever sends, reads, cancels or disposes on a handler that exists by then hangs inside the call,
/// as in <c>Monitor.Enter</c>. Handlers made later work.
/// </summary>
internal sealed class StuckHttp : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Handler> _handlers = [];
    private readonly ManualResetEventSlim _release = new();
    private int _hanging;

    /// <summary>How many handlers were made.</summary>
    public int Handlers
    {
        get
        {
            lock (_lock)
                return _handlers.Count;
        }
    }

    /// <summary>How many threads hang.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    public HttpMessageHandler Wrap(HttpMessageHandler inner)
    {
        var handler = new Handler(inner, this);
        lock (_lock)
            _handlers.Add(handler);
        return handler;
    }

    public void Stick()
    {
        lock (_lock)
            _handlers.ForEach(handler => handler.IsStuck = true);
    }

    /// <summary>Lets go of every thread that hangs.</summary>
    public void Dispose() => _release.Set();

    private sealed class Handler(HttpMessageHandler inner, StuckHttp owner) : DelegatingHandler(inner)
    {
        private volatile bool _isStuck;

        public bool IsStuck { get => _isStuck; set => _isStuck = value; }

        public void Pass()
        {
            if (!_isStuck || owner._release.IsSet)
                return;
            Interlocked.Increment(ref owner._hanging);
            owner._release.Wait();
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Pass();
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            response.Content = new Content(response.Content, this);
            return response;
        }

        protected override void Dispose(bool disposing)
        {
            Pass();
            base.Dispose(disposing);
        }
    }

    private sealed class Content : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly Handler _handler;

        public Content(HttpContent inner, Handler handler)
        {
            (_inner, _handler) = (inner, handler);
            foreach (KeyValuePair<string, IEnumerable<string>> header in inner.Headers)
                Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        protected override async Task<Stream> CreateContentReadStreamAsync() => new Body(await _inner.ReadAsStreamAsync(), _handler);

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            _handler.Pass();
            _inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Body(Stream inner, Handler handler) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            handler.Pass();
            try
            {
                return await inner.ReadAsync(buffer, cancellationToken);
            }
            finally
            {
                handler.Pass();
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            handler.Pass();
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
