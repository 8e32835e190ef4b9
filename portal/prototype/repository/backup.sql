--
-- PostgreSQL database dump
--
CREATE TABLE users (
  id int NOT NULL,
  email varchar(255),
  password varchar(255)
);
INSERT INTO users VALUES (1,'ann@brightside.example','$2b$12${{made:hash_a}}{{made:hash_b}}');
